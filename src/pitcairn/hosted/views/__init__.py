"""The pages of hosted pages in the dashboard. What recipients see is answered by the edge."""
