"""What two notebooks of the ClusterNet thesis share: clustering, data, models, experiments, views."""
