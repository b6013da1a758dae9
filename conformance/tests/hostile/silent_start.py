"""Never says who it is."""

import time

while True:
    time.sleep(1000)
