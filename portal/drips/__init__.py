"""SmartPlans: steps over days that people are enrolled in (P-1); in code, a drip."""
