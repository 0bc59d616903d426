"""What an agency hands to another body with a receipt: its work handbook, and the papers of licences that moved."""
