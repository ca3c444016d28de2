// SPDX-License-Identifier: Apache-2.0

#include "canvas.hpp"

#include <plplot/plplot.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

namespace drgan::eval {

namespace {

constexpr const char* driver = "memcairo";
constexpr int colours[][3] = {{255, 255, 255}, {0, 0, 0},    {205, 205, 205}, {0, 90, 181},
                              {220, 90, 0},    {0, 140, 80}, {140, 185, 225}, {245, 190, 140}};
constexpr double lineWidth = 2;  // PLplot's units

void use(Canvas::Colour colour) { plcol0(static_cast<int>(colour)); }

const char* symbol(Canvas::Mark mark) { return mark == Canvas::Mark::Circle ? "\xE2\x97\x8F" : "\xC2\xB7"; }  // UTF-8

double symbolScale(Canvas::Mark mark) { return mark == Canvas::Mark::Circle ? 0.7 : 1.6; }

void draw(const Canvas::Line& line) {
    std::vector<double> x, y;
    for (const auto& [px, py] : line.points) {
        x.push_back(px);
        y.push_back(py);
    }
    const auto n = static_cast<PLINT>(x.size());
    if (n == 0) {
        return;
    }
    use(line.colour);
    plwidth(lineWidth);
    if (line.joined) {
        plline(n, x.data(), y.data());
    }
    if (line.mark != Canvas::Mark::None) {
        plschr(0, symbolScale(line.mark));
        plstring(n, x.data(), y.data(), symbol(line.mark));
        plschr(0, 1);
    }
    for (size_t i = 0; i < line.spread.size(); ++i) {
        const double low = y[i] - line.spread[i], high = y[i] + line.spread[i];
        plerry(1, &x[i], &low, &high);
    }
}

void drawLegend(const std::vector<Canvas::Line>& lines, Canvas::Corner corner) {
    std::vector<PLINT> options, textColours, lineColours, styles, symbolColours, symbolCounts;
    std::vector<double> widths, scales;
    std::vector<const char*> texts, symbols;
    for (const Canvas::Line& line : lines) {
        if (line.name.empty()) {
            continue;
        }
        options.push_back((line.joined ? PL_LEGEND_LINE : 0) |
                          (line.mark != Canvas::Mark::None ? PL_LEGEND_SYMBOL : 0));
        texts.push_back(line.name.c_str());
        symbols.push_back(symbol(line.mark));
        textColours.push_back(static_cast<int>(Canvas::Colour::Black));
        lineColours.push_back(static_cast<int>(line.colour));
        symbolColours.push_back(static_cast<int>(line.colour));
        styles.push_back(1);
        widths.push_back(lineWidth);
        scales.push_back(symbolScale(line.mark));
        symbolCounts.push_back(line.joined ? 2 : 3);
    }
    if (options.empty()) {
        return;
    }
    const int position = (corner == Canvas::Corner::UpperRight ? PL_POSITION_TOP : PL_POSITION_BOTTOM) |
                         (corner == Canvas::Corner::LowerMiddle ? 0 : PL_POSITION_RIGHT);
    const double aside = corner == Canvas::Corner::LowerMiddle ? 0 : 0.02;
    double width = 0, height = 0;
    plwidth(1);
    pllegend(&width, &height, PL_LEGEND_BACKGROUND | PL_LEGEND_BOUNDING_BOX, position, aside, 0.03, 0.06, 0,
             static_cast<int>(Canvas::Colour::Grey), 1, 0, 0, static_cast<PLINT>(options.size()), options.data(), 1,
             0.85, 1.8, 0, textColours.data(), texts.data(), nullptr, nullptr, nullptr, nullptr, lineColours.data(),
             styles.data(), widths.data(), symbolColours.data(), scales.data(), symbolCounts.data(), symbols.data());
}

std::string frame(const Canvas::Axis& axis, bool upright) {
    // b, c: both edges; n: numbers; s, t: ticks; l: logarithmic; v: numbers upright
    return std::string("bcnst") + (axis.logarithmic ? "l" : "") + (upright ? "v" : "");
}

}  // namespace

void Canvas::checkInstalled() {
    // PLplot asks on the terminal for another driver when one is missing: look first.
    const char* menu[128];
    const char* names[128];
    const char** menuList = menu;
    const char** nameList = names;
    int count = 128;
    plgDevs(&menuList, &nameList, &count);
    for (int i = 0; i < count; ++i) {
        if (std::strcmp(nameList[i], driver) == 0) {
            return;
        }
    }
    throw std::runtime_error("PLplot's Cairo driver is not installed: install plplot-driver-cairo");
}

Canvas::Canvas(int width, int height, int columns, int rows) : pixels_(height, width, CV_8UC3, cv::Scalar::all(255)) {
    checkInstalled();
    for (int i = 0; i < static_cast<int>(std::size(colours)); ++i) {
        plscol0(i, colours[i][0], colours[i][1], colours[i][2]);
    }
    plsdev(driver);
    plsmem(width, height, pixels_.data);
    plssub(columns, rows);
    plinit();
    plfontld(0);
}

Canvas::~Canvas() { end(); }

void Canvas::end() {
    if (open_) {
        plend();
        open_ = false;
    }
}

void Canvas::chart(const std::string& title, const Axis& x, const Axis& y, const std::vector<Line>& lines,
                   Corner legend) {
    pladv(0);
    plschr(0, 1);
    plvsta();
    plwind(x.from, x.to, y.from, y.to);
    use(Colour::Grey);
    plwidth(1);
    plbox("g", x.step, 0, "g", y.step, 0);
    for (const Line& line : lines) {
        draw(line);
    }
    use(Colour::Black);
    plwidth(1);
    plbox(frame(x, false).c_str(), x.step, x.ticks, frame(y, true).c_str(), y.step, y.ticks);
    pllab(x.label.c_str(), y.label.c_str(), title.c_str());
    drawLegend(lines, legend);
}

void Canvas::write(const std::string& path) {
    end();
    cv::Mat bgr;
    cv::cvtColor(pixels_, bgr, cv::COLOR_RGB2BGR);
    std::vector<uchar> png;
    cv::imencode(".png", bgr, png);
    errno = 0;
    std::ofstream stream(path, std::ios::binary);
    stream.write(reinterpret_cast<const char*>(png.data()), static_cast<std::streamsize>(png.size()));
    stream.close();
    if (!stream) {
        throw std::runtime_error(path + ": cannot write the plot" +
                                 (errno != 0 ? std::string(" (") + std::strerror(errno) + ")" : ""));
    }
}

}  // namespace drgan::eval
