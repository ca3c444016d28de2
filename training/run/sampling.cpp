// SPDX-License-Identifier: Apache-2.0
#include "run/sampling.hpp"

#include "run/random.hpp"

namespace drgan::train {

bool isValidationPerson(const std::string& name) {
    uint64_t hash = 1469598103934665603ULL;  // FNV-1a: the same on every platform, unlike std::hash
    for (unsigned char c : name) {
        hash = (hash ^ c) * 1099511628211ULL;
    }
    return mixed(hash, 0) % 16 == 0;
}

}  // namespace drgan::train
