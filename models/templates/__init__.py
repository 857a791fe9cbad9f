"""Of each template what its route can say, and what a run is given and comes to."""
