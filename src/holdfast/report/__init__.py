"""Results drawn by their type: in a terminal, as pictures, as a page that draws itself."""
