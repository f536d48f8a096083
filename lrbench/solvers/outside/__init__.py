"""Outside solvers: methods of other libraries, which own their loop."""
