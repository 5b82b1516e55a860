"""Documents to look at and to take away: pages as pictures, and what was read in other forms."""
