"""Why two figures differ: rules that the records show, exchanged one at a time in a fixed order."""
