"""The story of a sale: acts that are played on the running shop, each with its promises."""
