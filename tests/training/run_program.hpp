// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <sys/wait.h>

#include <cstdlib>
#include <stdexcept>
#include <string>

namespace drgan::test {

/// Runs drgan-data (path in DRGAN_DATA_PROGRAM) with its output in `log`. @return the exit status
inline int runProgram(const std::string& arguments, const std::string& log) {
    const char* program = std::getenv("DRGAN_DATA_PROGRAM");
    if (!program) {
        throw std::runtime_error("DRGAN_DATA_PROGRAM is not set");
    }
    const int status = std::system(("'" + std::string(program) + "' " + arguments + " > '" + log + "' 2>&1").c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace drgan::test
