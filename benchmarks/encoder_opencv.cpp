// SPDX-License-Identifier: Apache-2.0
//
// Runs the encoder with cv::dnn, as cv::drgan does: see encoder_runner.hpp.

#include <algorithm>
#include <cstdlib>
#include <exception>
#include <memory>
#include <opencv2/dnn.hpp>
#include <random>

#include "encoder_runner.hpp"

using namespace drgan::benchmarks;

namespace {

const std::vector<cv::String> outputs{"embedding", "confidence"};

/// Allocations to keep while the network runs, so that the heap is as in a program that has done other things. The
/// addresses of cv::dnn's buffers decide whether its rows of 512-bit values straddle cache lines, which makes up a
/// quarter of the time, so one state of the heap is not enough to measure the speed.
std::vector<std::unique_ptr<char[]>> usedHeap(unsigned seed) {
    std::minstd_rand chance(seed + 1);
    std::vector<std::unique_ptr<char[]>> pieces(chance() % 64);
    for (auto& piece : pieces) {
        piece = std::make_unique<char[]>(1040 + 16 * (chance() % 64));  // larger than malloc's size-class bins
    }
    for (size_t i = 0; i < pieces.size(); i += 2) {
        pieces[i].reset();
    }
    return pieces;
}

void printLayers(cv::dnn::Net& net, int runs, const std::function<void()>& run) {
    std::vector<std::vector<double>> all;
    for (int i = 0; i < runs + 2; ++i) {
        run();
        std::vector<double> ticks;
        net.getPerfProfile(ticks);
        all.resize(ticks.size());
        for (size_t layer = 0; i >= 2 && layer < ticks.size(); ++layer) {
            all[layer].push_back(ticks[layer]);
        }
    }
    for (size_t layer = 0; layer < all.size(); ++layer) {
        auto& ticks = all[layer];
        std::nth_element(ticks.begin(), ticks.begin() + ticks.size() / 2, ticks.end());
        const auto info = net.getLayer(static_cast<int>(layer) + 1);  // 0 is the input
        std::cout << info->name << '\t' << info->type << '\t' << ticks[ticks.size() / 2] / cv::getTickFrequency() * 1000
                  << '\n';
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 5) {
        std::cerr << "usage: drgan-bench-encoder-opencv ENCODER.onnx PICTURES THREADS SEED\n";
        return 2;
    }
    try {
        const std::vector<float> all = readPictures(argv[2]);
        cv::setNumThreads(std::atoi(argv[3]));
        const auto held = usedHeap(static_cast<unsigned>(std::atoi(argv[4])));
        cv::dnn::Net net = cv::dnn::readNetFromONNX(argv[1]);
        std::vector<cv::Mat> results;
        const auto run = [&](int batch) {
            const cv::Mat blob({batch, 3, side, side}, CV_32F, const_cast<float*>(all.data()));
            net.setInput(blob);
            net.forward(results, outputs);
        };
        Runner runner;
        runner.run = [&](int batch) {
            run(batch);
            std::vector<float> values;
            for (const cv::Mat& result : results) {
                values.insert(values.end(), result.ptr<float>(), result.ptr<float>() + result.total());
            }
            return values;
        };
        runner.printLayers = [&](int batch, int runs) { printLayers(net, runs, [&] { run(batch); }); };
        answer(runner);
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "drgan-bench-encoder-opencv: " << error.what() << '\n';
        return 1;
    }
}
