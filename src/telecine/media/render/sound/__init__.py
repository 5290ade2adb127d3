"""The sound of a timeline: every clip decoded, changed, summed and limited, in blocks."""
