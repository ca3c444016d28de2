// SPDX-License-Identifier: Apache-2.0
#include "arrays.hpp"

#include <algorithm>
#include <climits>
#include <cstring>

namespace drgan_python {

namespace {

constexpr const char* depthNames[] = {"uint8", "int8", "uint16", "int16", "int32", "float32", "float64"};

std::string typeName(py::handle object) { return Py_TYPE(object.ptr())->tp_name; }

/// "float32 array of shape (1, 15)"
std::string describe(const py::array& array) {
    return py::str(array.dtype()).cast<std::string>() + " array of shape " +
           py::str(array.attr("shape")).cast<std::string>();
}

/// CV_8U ... CV_64F; -1 for types that OpenCV does not have.
int depthOf(const py::dtype& type) {
    const auto size = type.itemsize();
    switch (type.kind()) {
        case 'u':
            return size == 1 ? CV_8U : size == 2 ? CV_16U : -1;
        case 'i':
            return size == 1 ? CV_8S : size == 2 ? CV_16S : size == 4 ? CV_32S : -1;
        case 'f':
            return size == 4 ? CV_32F : size == 8 ? CV_64F : -1;
        default:
            return -1;
    }
}

bool isLongInteger(const py::dtype& type) { return (type.kind() == 'i' || type.kind() == 'u') && type.itemsize() == 8; }

/// The same values as int32.
py::array narrowed(const py::array& array, const std::string& name) {
    const py::array narrow = array.attr("astype")("int32");
    if (!narrow.attr("__eq__")(array).attr("all")().cast<bool>()) {
        throw ArgumentError(name + ": got " + describe(array) + " with values that int32 does not hold");
    }
    return narrow;
}

/// An array in the terms of cv::Mat.
struct Layout {
    int rows = 0, columns = 1, channels = 1;
    size_t step = 0;     // bytes from row to row
    bool whole = false;  // rows are contiguous and follow each other, so that cv::Mat can use them
};

Layout layoutOf(const py::array& array, const std::string& name) {
    const auto dimensions = array.ndim();
    if (dimensions < 1 || dimensions > 3 || (dimensions == 3 && array.shape(2) > CV_CN_MAX)) {
        throw ArgumentError(name + ": got " + describe(array) +
                            ", expected 1, 2 or 3 dimensions (rows, columns, channels)");
    }
    for (py::ssize_t i = 0; i < dimensions; ++i) {
        if (array.shape(i) > INT_MAX) {
            throw ArgumentError(name + ": got " + describe(array) + ", expected at most " + std::to_string(INT_MAX) +
                                " along each dimension");
        }
    }
    Layout layout;
    layout.rows = static_cast<int>(array.shape(0));
    layout.columns = dimensions > 1 ? static_cast<int>(array.shape(1)) : 1;
    layout.channels = dimensions > 2 ? static_cast<int>(array.shape(2)) : 1;

    const py::ssize_t item = array.itemsize();
    const py::ssize_t pixel = item * layout.channels;
    const py::ssize_t row = pixel * layout.columns;
    // The stride of a dimension of size one has no meaning.
    const bool channels = layout.channels == 1 || array.strides(2) == item;
    const bool columns = layout.columns == 1 || array.strides(1) == pixel;
    const bool rows = layout.rows == 1 || (array.strides(0) >= row && array.strides(0) % item == 0);
    const bool aligned = reinterpret_cast<size_t>(array.data()) % static_cast<size_t>(item) == 0;
    layout.whole = channels && columns && rows && aligned && array.dtype().attr("isnative").cast<bool>();
    layout.step = static_cast<size_t>(layout.rows == 1 ? row : array.strides(0));
    return layout;
}

cv::Mat viewOf(const py::array& array, const Layout& layout) {
    const int type = CV_MAKETYPE(depthOf(array.dtype()), layout.channels);
    return cv::Mat(layout.rows, layout.columns, type, const_cast<void*>(array.data()), layout.step);
}

[[noreturn]] void refuse(py::handle object, const std::string& name) {
    const std::string hint = py::isinstance<py::list>(object) ? " (numpy.array(...) makes one)" : "";
    throw ArgumentError(name + ": got " + typeName(object) + ", expected a numpy array" + hint);
}

cv::Mat fromTuple(const py::tuple& tuple, const std::string& name) {
    cv::Mat values(static_cast<int>(tuple.size()), 1, CV_64F);
    for (int i = 0; i < values.rows; ++i) {
        const double value = PyFloat_AsDouble(tuple[static_cast<size_t>(i)].ptr());
        if (PyErr_Occurred()) {
            PyErr_Clear();
            throw ArgumentError(name + ": got a tuple with " + typeName(tuple[static_cast<size_t>(i)]) + " at index " +
                                std::to_string(i) + ", expected numbers");
        }
        values.at<double>(i) = value;
    }
    return values;
}

}  // namespace

Input::Input(py::handle object, const std::string& name) {
    if (object.is_none()) {
        return;
    }
    if (py::isinstance<py::tuple>(object)) {
        mat_ = fromTuple(py::reinterpret_borrow<py::tuple>(object), name);
        return;
    }
    if (!py::isinstance<py::array>(object)) {
        refuse(object, name);
    }
    auto array = py::reinterpret_borrow<py::array>(object);
    if (isLongInteger(array.dtype())) {
        array = narrowed(array, name);
    }
    const int depth = depthOf(array.dtype());
    if (depth < 0) {
        throw ArgumentError(name + ": got " + describe(array) +
                            ", expected uint8, int8, uint16, int16, int32, int64, float32 or float64");
    }
    Layout layout = layoutOf(array, name);
    if (array.size() == 0) {
        mat_ = cv::Mat(layout.rows, layout.columns, CV_MAKETYPE(depth, std::max(1, layout.channels)));
        return;
    }
    if (!layout.whole) {
        array = array.attr("astype")(array.dtype().attr("newbyteorder")("="), "C");
        layout = layoutOf(array, name);
    }
    held_ = array;
    mat_ = viewOf(array, layout);
}

Inputs::Inputs(py::handle object, const std::string& name) {
    if (object.is_none()) {
        return;
    }
    const bool text = py::isinstance<py::str>(object) || py::isinstance<py::bytes>(object);
    if (text || !PySequence_Check(object.ptr())) {
        throw ArgumentError(name + ": got " + typeName(object) + ", expected a sequence of numpy arrays");
    }
    const auto sequence = py::reinterpret_borrow<py::sequence>(object);
    for (size_t i = 0; i < sequence.size(); ++i) {
        inputs_.emplace_back(py::object(sequence[i]), name + "[" + std::to_string(i) + "]");
        mats_.push_back(inputs_.back().mat());
    }
}

Output::Output(py::handle given, const std::string& name) {
    if (given.is_none()) {
        return;
    }
    if (!py::isinstance<py::array>(given)) {
        refuse(given, name);
    }
    const auto array = py::reinterpret_borrow<py::array>(given);
    if (depthOf(array.dtype()) < 0) {
        throw ArgumentError(name + ": got " + describe(array) + ", which OpenCV cannot write to");
    }
    if (array.size() == 0) {
        return;  // no array type fits
    }
    const Layout layout = layoutOf(array, name);
    if (!layout.whole || !array.writeable()) {
        throw ArgumentError(name + ": got " + describe(array) + " that is " +
                            (layout.whole ? "read-only" : "not laid out row by row") + ", expected one to write to");
    }
    given_ = array;
    view_ = viewOf(array, layout);
    mat_ = view_;
}

py::object Output::value() const {
    const bool filled = given_ && mat_.data == view_.data && mat_.size == view_.size && mat_.type() == view_.type();
    return filled ? given_ : toArray(mat_);
}

py::object toArray(const cv::Mat& mat) {
    if (mat.empty()) {
        return py::none();
    }
    std::vector<py::ssize_t> shape(mat.size.p, mat.size.p + mat.dims);
    if (mat.channels() > 1) {
        shape.push_back(mat.channels());
    }
    py::array array(py::dtype(depthNames[mat.depth()]), shape);
    cv::Mat target(mat.dims, mat.size.p, mat.type(), array.mutable_data());
    mat.copyTo(target);
    return std::move(array);
}

template <typename T>
static py::object arrayOf(const std::vector<T>& values) {
    if (values.empty()) {
        return py::tuple();
    }
    py::array_t<T> array(static_cast<py::ssize_t>(values.size()));
    std::memcpy(array.mutable_data(), values.data(), values.size() * sizeof(T));
    return std::move(array);
}

py::object toArray(const std::vector<float>& values) { return arrayOf(values); }
py::object toArray(const std::vector<double>& values) { return arrayOf(values); }

py::tuple toTuple(const std::vector<cv::String>& texts) {
    py::tuple tuple(texts.size());
    for (size_t i = 0; i < texts.size(); ++i) {
        tuple[i] = py::str(texts[i]);
    }
    return tuple;
}

}  // namespace drgan_python
