// SPDX-License-Identifier: Apache-2.0

#include <stdexcept>

#include "plots.hpp"

namespace drgan::eval {

Plots::Plots(std::string folder) : folder_(std::move(folder)) {
    throw std::runtime_error("plots for " + folder_ +
                             ": this drgan-eval was built without PLplot; install libplplot-dev and "
                             "plplot-driver-cairo and build again");
}
void Plots::roc(const NamedScores&) const {}
void Plots::confidence(const std::vector<ConfidencePoint>&) const {}
void Plots::fusion(const std::vector<Fusion>&, const std::vector<Fusion>&) const {}
void Plots::examples(const cv::Mat&) const {}

}  // namespace drgan::eval
