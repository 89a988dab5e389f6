"""What the scripted model server says, dialect by dialect."""
