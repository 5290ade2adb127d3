"""What happens around a request, whatever it asks: its connection, log line, figures."""
