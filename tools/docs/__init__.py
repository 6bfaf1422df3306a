"""What writes the parts of the documentation that are made from the program itself."""
