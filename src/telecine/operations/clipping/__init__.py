"""The stages of `operations.clips`, one file each; `stages` runs them and keeps what they make."""
