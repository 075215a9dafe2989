"""What is wrong with the EAM's rows, before the books begin and after."""
