#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""cv::drgan from Python: the same tests for the package drgan and for cv2.drgan of an OpenCV built with the module.

usage: test_drgan.py [Class[.test]]

DRGAN_PYTHON_MODULE names what is tested: drgan (default) or cv2.drgan. DRGAN_BUNDLE is the bundle. DRGAN_RECOGNIZE and
DRGAN_NAME_FACES may name the C++ samples' programs. The faces are the decoder's own. Prints TAP.
"""
from arrays_test import Arrays, Outputs, Refusals
from backends_test import Backends, Clones
from gallery_test import People
from numbers_test import Names, Numbers
from package_test import Package, Threads
from program_test import Program
from samples_test import Samples
import tap

if __name__ == '__main__':
    tap.main()
