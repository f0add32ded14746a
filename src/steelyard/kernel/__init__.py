"""What every layer stands on, and what knows no business: database, money, ids, events, words."""
