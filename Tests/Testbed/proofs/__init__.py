"""What is proved on real Xen, one file a subject, run in the order of their names."""
