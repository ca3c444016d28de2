// SPDX-License-Identifier: Apache-2.0

#include "plots.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <stdexcept>

#include "canvas.hpp"

namespace drgan::eval {

namespace fs = std::filesystem;

namespace {

using Colour = Canvas::Colour;
using Mark = Canvas::Mark;

constexpr Colour cycle[] = {Colour::Blue, Colour::Orange, Colour::Green};
constexpr double yawStep = 15;  // degrees

/// Steps from point to point, as the curve of a few scores is, from what is accepted without a false accept on.
/// @param lowest FAR to draw, that of one pair
Canvas::Line rocLine(const std::string& name, const PairScores& scores, double lowest, Colour colour) {
    Canvas::Line line{fmt::format("{}: EER {:.2f} %, {} pairs", name, 100 * equalErrorRate(scores),
                                  scores.same.size() + scores.different.size()),
                      colour,
                      {{std::log10(lowest), 100 * acceptedAt(scores, 0)}}};
    for (const RocPoint& point : rocCurve(scores)) {
        if (point.falseAccepts > 0) {
            const double x = std::log10(point.falseAccepts);
            line.points.emplace_back(x, line.points.back().second);
            line.points.emplace_back(x, 100 * point.trueAccepts);
        }
    }
    return line;
}

double percentBelow(double share, double step) { return step * std::floor(100 * share / step); }
double percentAbove(double share, double step) { return step * std::ceil(100 * share / step); }

using Measure = double (*)(const Fusion::Measures&);

std::vector<Canvas::Line> fusionLines(const std::vector<Fusion>& rows, Measure measure) {
    std::vector<Canvas::Line> lines = {{"weighed by confidence", Colour::Blue, {}, true, Mark::Circle},
                                       {"plain mean", Colour::Orange, {}, true, Mark::Circle},
                                       {"the most confident picture", Colour::Green, {}, true, Mark::Circle}};
    constexpr double aside = 0.06;  // images, so that equal figures do not cover each other
    for (const Fusion& row : rows) {
        lines[0].points.emplace_back(row.n - aside, 100 * measure(row.confidence));
        lines[1].points.emplace_back(row.n, 100 * measure(row.mean));
        lines[2].points.emplace_back(row.n + aside, 100 * measure(row.best));
    }
    return lines;
}

/// Lowest and highest of what will be drawn, as shares.
std::pair<double, double> range(const std::vector<Fusion>& a, const std::vector<Fusion>& b, Measure measure) {
    double low = 1, high = 0;
    for (const auto* rows : {&a, &b}) {
        for (const Fusion& row : *rows) {
            for (const Fusion::Measures& m : {row.confidence, row.mean, row.best}) {
                low = std::min(low, measure(m));
                high = std::max(high, measure(m));
            }
        }
    }
    return {low, high};
}

}  // namespace

Plots::Plots(std::string folder) : folder_(std::move(folder)) {
    Canvas::checkInstalled();
    std::error_code error;
    fs::create_directories(folder_, error);
    if (!error && !fs::is_directory(folder_)) {
        error = std::make_error_code(std::errc::not_a_directory);
    }
    if (error) {
        throw std::runtime_error(folder_ + ": cannot make the folder for plots (" + error.message() + ")");
    }
    // An evaluation takes minutes: what cannot be written is better known now.
    const std::string probe = (fs::path(folder_) / ".drgan-eval").string();
    errno = 0;
    std::ofstream stream(probe);
    stream << "probe";
    stream.close();
    const int reason = errno;
    if (!stream) {
        throw std::runtime_error(folder_ + ": cannot write into the folder for plots (" + std::strerror(reason) + ")");
    }
    fs::remove(probe, error);
}

void Plots::roc(const NamedScores& curves) const {
    double lowest = 0.1, bottom = 1;
    for (const auto& item : curves) {
        lowest = std::min(lowest, 1.0 / static_cast<double>(item.second.different.size()));
    }
    const double left = std::floor(std::log10(lowest));
    std::vector<Canvas::Line> lines;
    for (const auto& [name, scores] : curves) {
        // Nothing is known below one pair of two people.
        const double own = 1.0 / static_cast<double>(scores.different.size());
        lines.push_back(rocLine(name, scores, own, cycle[lines.size() % std::size(cycle)]));
        bottom = std::min(bottom, acceptedAt(scores, 0));
    }
    const double room = 0.2;  // of the height, below the curves, for the legend
    const double low = std::clamp(percentBelow((bottom - room) / (1 - room), 10), 0.0, 90.0);
    Canvas canvas(1000, 750, 1, 1);
    canvas.chart("ROC", {"FAR: accepted pairs of two people, share", left, 0, true, 1},
                 {"TAR: accepted pairs of one person, %", low, 100, false, low < 60 ? 20.0 : 10.0}, lines,
                 Canvas::Corner::LowerRight);
    canvas.write((fs::path(folder_) / "roc.png").string());
}

void Plots::confidence(const std::vector<ConfidencePoint>& points) const {
    struct Kind {
        const char* name;
        double ConfidencePoint::*value;
        Colour colour;
        Colour light;
        double aside;  // degrees, so that the spreads do not cover each other
    };
    std::vector<Canvas::Line> dots, means;
    for (const Kind& kind : {Kind{"as they are", &ConfidencePoint::clean, Colour::Blue, Colour::LightBlue, -0.8},
                             Kind{"blurred", &ConfidencePoint::blurred, Colour::Orange, Colour::LightOrange, 0.8}}) {
        Canvas::Line dot{"", kind.light, {}, false, Mark::Dot};
        Canvas::Line mean{
            std::string(kind.name) + ": mean and deviation, steps of 15 degrees", kind.colour, {}, true, Mark::Circle};
        for (const ConfidencePoint& point : points) {
            dot.points.emplace_back(point.yaw, point.*kind.value);
        }
        for (double from = -97.5; from < 90; from += yawStep) {
            std::vector<double> values;
            for (const ConfidencePoint& point : points) {
                if (point.yaw >= from && point.yaw < from + yawStep) {
                    values.push_back(point.*kind.value);
                }
            }
            if (!values.empty()) {
                const MeanDeviation m = meanDeviation(values);
                mean.points.emplace_back(from + yawStep / 2 + kind.aside, m.mean);
                mean.spread.push_back(m.deviation);
            }
        }
        dots.push_back(dot);
        means.push_back(mean);
    }
    dots.insert(dots.end(), means.begin(), means.end());
    Canvas canvas(1000, 750, 1, 1);
    canvas.chart("Confidence against yaw",
                 {"yaw, degrees (positive: the nose points to the image's right)", -95, 95, false, 30},
                 {"confidence", 0, 1, false, 0.2}, dots, Canvas::Corner::LowerMiddle);
    canvas.write((fs::path(folder_) / "confidence.png").string());
}

void Plots::fusion(const std::vector<Fusion>& clean, const std::vector<Fusion>& mixed) const {
    const Measure eer = [](const Fusion::Measures& m) { return m.eer; };
    const Measure accuracy = [](const Fusion::Measures& m) { return m.accuracy; };
    double most = 2;
    for (const auto* rows : {&clean, &mixed}) {
        most = std::max(most, rows->empty() ? 0.0 : rows->back().n);
    }
    const Canvas::Axis images{"images fused, each side", 0.5, most + 0.5, false, 1, 1};
    const auto [lowEer, highEer] = range(clean, mixed, eer);
    const auto [lowAccuracy, highAccuracy] = range(clean, mixed, accuracy);
    const Canvas::Axis eerAxis{"EER, %", 0, std::max(1.0, percentAbove(1.05 * highEer, 1))};
    const Canvas::Axis accuracyAxis{"best accuracy, %", percentBelow(lowAccuracy, 1) - 0.5, 100.5};
    Canvas canvas(1300, 1000, 2, 2);
    canvas.chart("Pictures as they are", images, accuracyAxis, fusionLines(clean, accuracy),
                 Canvas::Corner::LowerRight);
    canvas.chart("Clean, blurred or small at random", images, accuracyAxis, fusionLines(mixed, accuracy),
                 Canvas::Corner::LowerRight);
    canvas.chart("Pictures as they are", images, eerAxis, fusionLines(clean, eer), Canvas::Corner::UpperRight);
    canvas.chart("Clean, blurred or small at random", images, eerAxis, fusionLines(mixed, eer),
                 Canvas::Corner::UpperRight);
    canvas.write((fs::path(folder_) / "fusion.png").string());
}

void Plots::examples(const cv::Mat& grid) const {
    const std::string path = (fs::path(folder_) / "views.png").string();
    if (!cv::imwrite(path, grid)) {
        throw std::runtime_error(path + ": cannot write");
    }
}

}  // namespace drgan::eval
