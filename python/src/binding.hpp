// SPDX-License-Identifier: Apache-2.0
//
// Shared by the sources of the package. Names, arguments and results are those that OpenCV's generator (gen2.py) would
// make from the headers: required arguments first, then, in the header's order, outputs and arguments with a default;
// the result has the function's return value and then its outputs.

#ifndef DRGAN_PYTHON_BINDING_HPP
#define DRGAN_PYTHON_BINDING_HPP

#include <pybind11/pybind11.h>

#include <memory>
#include <mutex>
#include <opencv2/drgan.hpp>
#include <string>

#include "arrays.hpp"

namespace drgan_python {

/// A docstring: the signature, then the text from the header. @param name as in C++: "Encoder::feature"
std::string documented(const std::string& name, const std::string& signature = std::string());

/// An object with a lock, so that calls from several threads do not overlap while the GIL is released.
template <typename T>
struct Guarded {
    explicit Guarded(cv::Ptr<T> made) : object(std::move(made)) {}

    /// Calls function(object) without the GIL. It must not use Python objects.
    template <typename Function>
    auto call(Function function) {
        const py::gil_scoped_release released;
        const std::lock_guard<std::mutex> one(mutex);
        return function(*object);
    }

    /// The same without the lock, for functions that may be called by any number of threads.
    template <typename Function>
    auto callTogether(Function function) {
        const py::gil_scoped_release released;
        return function(*object);
    }

    const cv::Ptr<T> object;
    std::mutex mutex;
};

template <typename T>
using Shared = std::shared_ptr<Guarded<T>>;

/// Calls `make` without the GIL. @return its result
template <typename T, typename Make>
Shared<T> guarded(Make make) {
    const py::gil_scoped_release released;
    return std::make_shared<Guarded<T>>(make());
}

/// None becomes a null pointer.
template <typename T>
cv::Ptr<T> pointer(const Shared<T>& shared) {
    return shared ? shared->object : cv::Ptr<T>();
}

template <typename T>
using GuardedClass = py::class_<Guarded<T>, Shared<T>>;

/// A method without arguments.
template <typename T, typename Value>
auto getter(Value (T::*method)() const) {
    return [method](Guarded<T>& self) { return self.call([&](const T& object) { return (object.*method)(); }); };
}

/// A method that sets a value.
template <typename T, typename Value>
auto setter(void (T::*method)(Value)) {
    return [method](Guarded<T>& self, Value value) { self.call([&](T& object) { (object.*method)(value); }); };
}

/// A static function under both names that OpenCV uses: Class.name and Class_name.
template <typename Class, typename Function, typename... Extra>
void defineStatic(py::module_& module, Class& type, const std::string& name, Function function, const std::string& doc,
                  const Extra&... extra) {
    const auto class_name = type.attr("__name__").template cast<std::string>();
    type.def_static(name.c_str(), function, doc.c_str(), extra...);
    module.def((class_name + "_" + name).c_str(), function, doc.c_str(), extra...);
}

/// clone(), which needs no lock: it may be called while the object computes.
template <typename T>
void defineClone(GuardedClass<T>& type, const std::string& name) {
    type.def(
        "clone",
        [](Guarded<T>& self) { return guarded<T>([&] { return static_cast<const T&>(*self.object).clone(); }); },
        documented(name + "::clone", "clone() -> " + name).c_str());
}

void defineErrors(py::module_& module);
void defineNaming(py::module_& module);  // Thresholds, NamingRule, Identification
void defineValues(py::module_& module);  // Alignment, Bundle, Template, functions; after defineNaming
void defineBackends(py::module_& module);
void defineEncoder(py::module_& module);  // before the classes whose create() takes one
void defineDecoder(py::module_& module);
void defineFinders(py::module_& module);  // Aligner, Detector, FaceFinder
void defineGallery(py::module_& module);

}  // namespace drgan_python

#endif
