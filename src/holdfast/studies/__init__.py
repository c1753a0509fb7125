"""What needs several rooms: built-in studies, what a cell or a task is in full, plug-ins checked, pages."""
