"""Formulas without HTTP: handed ``now``, they never read a clock."""
