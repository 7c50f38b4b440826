"""Services beside the jobs': balancers, scaling, scheduling results, and what tells of the cell itself."""
