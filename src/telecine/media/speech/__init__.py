"""What is said in a file, word by word, with times."""
