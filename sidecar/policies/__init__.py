"""What a rule can do, one kind a file; none of them knows another."""
