"""From messages of the wire to sanitised, valid ones, and to values of the cores. Pure."""
