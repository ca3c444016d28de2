// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

/// A face set in drgan-data's format whose "people" are coloured patterns: enough to train tiny networks.
struct SmallFaceSet {
    int side = 16;
    int people = 40;      ///< about one in 16 of them is a validation person
    int pictures = 4;     ///< real pictures per person, at yaws 0, 25, -50 and 80
    int teacherSize = 8;  ///< 0: none
    int devPeople = 1;    ///< the last people are in the split "dev"
    bool drawn = false;   ///< small faces with eyes, nose and mouth in their places and room around them; the eyes and
                          ///< the mouth are 0.2 of the side apart
};

void writeSmallFaceSet(const std::string& path, const SmallFaceSet& how);
