"""What two notebooks of the ClusterNet thesis share: clustering, data, models, experiments, views.

Imported before torch, it lets OpenMP's threads sleep while they wait (OMP_WAIT_POLICY=passive, unless that is set):
beside other work on the same cores, threads that spin make a clustering ten times slower. Who imports torch first
sets the variable before Python starts.
"""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")
