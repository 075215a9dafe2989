"""Decision tables as people change them: which there are, their cells, what is changed, the way to a spreadsheet."""
