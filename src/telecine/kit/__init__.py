"""Ground floor: what knows nothing of media, money or HTTP doors."""
