"""What two notebooks of the ClusterNet thesis share: clustering, data, models, experiments, views.

Imported before torch, it lets OpenMP's threads sleep while they wait, after a few microseconds
(OMP_WAIT_POLICY=passive and GOMP_SPINCOUNT=500, unless the former is set): beside other work on the same cores,
threads that spin make a clustering ten times slower, and alone those that sleep at once take half as long again. Who
imports torch first sets the variables before Python starts.
"""

import os

if "OMP_WAIT_POLICY" not in os.environ:
    os.environ |= {"OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "500"}
