// SPDX-License-Identifier: Apache-2.0
//
// Conversion between numpy arrays and cv::Mat, by the rules of OpenCV's own bindings.

#ifndef DRGAN_PYTHON_ARRAYS_HPP
#define DRGAN_PYTHON_ARRAYS_HPP

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <opencv2/core.hpp>
#include <string>
#include <vector>

namespace drgan_python {

namespace py = pybind11;

/// An argument of a wrong type: drgan.ArgumentError, which is a drgan.error and a TypeError.
class ArgumentError : public std::exception {
public:
    explicit ArgumentError(std::string message) : message_(std::move(message)) {}
    const char* what() const noexcept override { return message_.c_str(); }

private:
    std::string message_;
};

/// An argument as a matrix: shares the array's memory if its rows are contiguous and follow each other, else a copy.
/// Holds a reference to the array; create and destroy it with the GIL held.
///
/// None is an empty matrix, a tuple of n numbers n x 1 CV_64F. An array of 1, 2 or 3 dimensions is n x 1, rows x
/// columns, rows x columns with channels. 64-bit integers are converted to CV_32S and must fit.
class Input {
public:
    /// @param name of the argument, for messages @throws ArgumentError
    Input(py::handle object, const std::string& name);

    const cv::Mat& mat() const { return mat_; }

private:
    py::object held_;
    cv::Mat mat_;
};

/// A sequence of arrays. None is an empty sequence.
class Inputs {
public:
    Inputs(py::handle object, const std::string& name);

    const std::vector<cv::Mat>& mats() const { return mats_; }

private:
    std::vector<Input> inputs_;
    std::vector<cv::Mat> mats_;
};

/// The destination of a result: the caller's array if it has the result's type and shape, else a new one.
class Output {
public:
    /// @param given None or an array @throws ArgumentError if it cannot be written to
    Output(py::handle given, const std::string& name);

    cv::Mat& mat() { return mat_; }

    /// The caller's array, or a new one that owns its memory; None for an empty matrix.
    py::object value() const;

private:
    py::object given_;
    cv::Mat view_;  // shares the memory of the caller's array
    cv::Mat mat_;
};

/// A new array with a copy of the values: of two dimensions for one channel, of three for several.
py::object toArray(const cv::Mat& mat);

/// As in OpenCV's bindings: an array of one dimension, or () if it is empty.
py::object toArray(const std::vector<float>& values);
py::object toArray(const std::vector<double>& values);

/// As in OpenCV's bindings.
py::tuple toTuple(const std::vector<cv::String>& texts);

}  // namespace drgan_python

#endif
