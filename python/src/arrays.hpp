// SPDX-License-Identifier: Apache-2.0
//
// numpy arrays as cv::Mat and back, by the rules of OpenCV's own bindings.

#ifndef DRGAN_PYTHON_ARRAYS_HPP
#define DRGAN_PYTHON_ARRAYS_HPP

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan_python {

namespace py = pybind11;

/// An argument of another kind than the function takes: drgan.ArgumentError, a drgan.error and a TypeError.
class ArgumentError : public std::exception {
public:
    explicit ArgumentError(std::string message) : message_(std::move(message)) {}
    const char* what() const noexcept override { return message_.c_str(); }

private:
    std::string message_;
};

/// What a caller gave, as a matrix: over the array's own memory where its rows are whole and follow one another, else
/// over a copy. Holds the array; make and destroy it with the GIL held.
///
/// None is an empty matrix, a tuple of n numbers n x 1 CV_64F. An array of 1, 2 or 3 dimensions is n x 1, rows x
/// columns, rows x columns with channels. 64-bit integers become CV_32S, and must fit.
class Input {
public:
    /// @param name of the argument, for messages @throws ArgumentError
    Input(py::handle object, const std::string& name);

    const cv::Mat& mat() const { return mat_; }

private:
    py::object held_;
    cv::Mat mat_;
};

/// A sequence of arrays. None is an empty one.
class Inputs {
public:
    Inputs(py::handle object, const std::string& name);

    const std::vector<cv::Mat>& mats() const { return mats_; }

private:
    std::vector<Input> inputs_;
    std::vector<cv::Mat> mats_;
};

/// Where a result goes: into the caller's array where it has the type and the shape of the result, else into a new one.
class Output {
public:
    /// @param given None or an array @throws ArgumentError for what cannot be written to
    Output(py::handle given, const std::string& name);

    cv::Mat& mat() { return mat_; }

    /// The caller's array, or a new one that owns its memory; None for an empty matrix.
    py::object value() const;

private:
    py::object given_;
    cv::Mat view_;  // over the caller's array
    cv::Mat mat_;
};

/// A new array with a copy of the values. A matrix of one channel has two dimensions, one of several has three.
py::object toArray(const cv::Mat& mat);

/// As OpenCV's bindings do it: an array of one dimension, or () without a value.
py::object toArray(const std::vector<float>& values);
py::object toArray(const std::vector<double>& values);

/// As OpenCV's bindings do it.
py::tuple toTuple(const std::vector<cv::String>& texts);

}  // namespace drgan_python

#endif
