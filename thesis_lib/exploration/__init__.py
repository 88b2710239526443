"""Looking at feature maps: what is clustered, how redundant it is, what clusters agree with, what they take."""
