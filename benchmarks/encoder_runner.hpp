// SPDX-License-Identifier: Apache-2.0
//
// Shared by the programs with which encoder_runtimes.py runs the encoder. They read one command per line and answer
// each with one line (`layers` with several and an empty one).
//   output B       the embeddings of the first B pictures, then their confidences
//   time B SECONDS ms of each run of a batch of B for this long, after two runs that do not count
//   layers B RUNS  name, kind and median ms of each layer
#ifndef DRGAN_BENCHMARKS_ENCODER_RUNNER_HPP
#define DRGAN_BENCHMARKS_ENCODER_RUNNER_HPP

#include <chrono>
#include <cstdint>
#include <fstream>
#include <functional>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace drgan::benchmarks {

constexpr int pictures = 8;  // in the pictures file: the largest batch
constexpr int side = 112;    // pixels

/// Reads float32 [8,3,112,112] from a file that contains nothing else.
inline std::vector<float> readPictures(const std::string& path) {
    std::vector<float> values(static_cast<size_t>(pictures) * 3 * side * side);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(float)));
    if (!file || file.peek() != std::ifstream::traits_type::eof()) {
        throw std::runtime_error(path + ": got another size, expected " +
                                 std::to_string(values.size() * sizeof(float)) + " bytes: float32 [8,3,112,112]");
    }
    return values;
}

struct Runner {
    std::function<std::vector<float>(int batch)> run;  ///< the embeddings, then the confidences
    std::function<void(int batch, int runs)> printLayers;
};

/// Answers commands until the end of the input.
inline void answer(const Runner& runner) {
    using Clock = std::chrono::steady_clock;
    for (std::string line; std::getline(std::cin, line);) {
        std::istringstream words(line);
        std::string what;
        int batch = 0;
        double number = 0;
        words >> what >> batch >> number;
        if (batch < 1 || batch > pictures) {
            throw std::runtime_error("question '" + line + "': expected a batch of 1 to 8");
        }
        if (what == "output") {
            std::cout.precision(9);
            for (const float value : runner.run(batch)) {
                std::cout << value << ' ';
            }
        } else if (what == "time") {
            std::cout.precision(6);
            runner.run(batch);
            runner.run(batch);
            const auto end = Clock::now() + std::chrono::duration<double>(number);
            do {
                const auto start = Clock::now();
                runner.run(batch);
                std::cout << std::chrono::duration<double, std::milli>(Clock::now() - start).count() << ' ';
            } while (Clock::now() < end);
        } else if (what == "layers" && runner.printLayers) {
            runner.printLayers(batch, static_cast<int>(number));
        } else {
            throw std::runtime_error("question '" + line + "': expected output, time or layers");
        }
        std::cout << std::endl;
    }
}

}  // namespace drgan::benchmarks

#endif
