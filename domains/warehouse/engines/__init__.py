"""One module or package for each warehouse that rows can go to."""
