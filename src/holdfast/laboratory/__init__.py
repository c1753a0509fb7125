"""The live laboratory: a page that trains, shows and tests a network in the browser."""
