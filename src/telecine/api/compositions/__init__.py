"""A composition: checked with its files, priced, rendered, shown before it is rendered."""
