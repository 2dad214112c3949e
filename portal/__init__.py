"""The ConsentDesk portal."""
