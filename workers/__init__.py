"""What runs beside the web: jobs from the queue, and sweeps by the clock."""
