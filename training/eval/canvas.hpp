// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <opencv2/core.hpp>
#include <string>
#include <utility>
#include <vector>

namespace drgan::eval {

/// A picture of one or more charts. One at a time: PLplot's state is the process's.
class Canvas {
public:
    enum class Colour { Black = 1, Grey, Blue, Orange, Green, LightBlue, LightOrange };
    enum class Mark { None, Dot, Circle };

    struct Axis {
        std::string label;
        double from = 0, to = 1;  ///< of a logarithmic one: exponents of 10
        bool logarithmic = false;
        double step = 0;  ///< between labels; 0: automatic
        int ticks = 0;    ///< intervals between labels; 0: automatic
    };
    struct Line {
        std::string name;  ///< in the legend; empty: not there
        Colour colour = Colour::Black;
        std::vector<std::pair<double, double>>
            points;  ///< x,y; on a logarithmic axis the values' logarithms to base 10
        bool joined = true;
        Mark mark = Mark::None;
        std::vector<double> spread = {};  ///< of each point, up and down; empty: none
    };
    enum class Corner { LowerRight, UpperRight, LowerMiddle };

    /// @throws std::runtime_error naming the package if PLplot's driver is not installed
    Canvas(int width, int height, int columns, int rows);
    ~Canvas();
    Canvas(const Canvas&) = delete;
    Canvas& operator=(const Canvas&) = delete;

    /// Charts fill the picture row by row.
    void chart(const std::string& title, const Axis& x, const Axis& y, const std::vector<Line>& lines, Corner legend);

    /// Ends the picture. @throws std::runtime_error naming the file that cannot be written
    void write(const std::string& path);

    /// @throws std::runtime_error as the constructor does
    static void checkInstalled();

private:
    void end();

    cv::Mat pixels_;  // RGB
    bool open_ = true;
};

}  // namespace drgan::eval
