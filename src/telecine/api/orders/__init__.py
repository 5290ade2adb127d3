"""What a client wants done, on its way to a job: its form, what it costs and takes, intake."""
