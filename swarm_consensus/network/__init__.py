"""What goes over the air: frames, who may be believed about what, and a radio channel that loses and delays."""
