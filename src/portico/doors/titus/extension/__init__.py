"""What only the Titus API knows: descriptors, task histories, capacity groups; committed with the Jobs they are of."""
