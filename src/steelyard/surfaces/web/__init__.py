"""What all surfaces that serve people share: the visitor (`visit.py`), rendering (`pages.py`), errors (`problems.py`),
who may pass (`guards.py`), and the headers of every answer (`security.py`)."""
