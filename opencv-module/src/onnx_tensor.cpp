// SPDX-License-Identifier: Apache-2.0
#include "onnx_tensor.hpp"

#include <vector>

#include "precomp.hpp"

namespace cv {
namespace drgan {

namespace {

/// How a TensorProto.DataType is stored: bytes of an element in raw_data, or else the field that lists the elements.
struct Storage {
    size_t bytes;
    uint32_t field;
};

/// @return zeros for a type that no contract model has
Storage storageOf(uint64_t type) {
    switch (type) {
        case 1:  // FLOAT
            return {4, 4};
        case 3:  // INT8
            return {1, 5};
        case 6:  // INT32
            return {4, 5};
        case 7:  // INT64
            return {8, 7};
        case 10:  // FLOAT16
            return {2, 5};
        case 11:  // DOUBLE
            return {8, 10};
        default:
            return {0, 0};
    }
}

class TensorReader {
public:
    explicit TensorReader(const std::string& where) : where_(where) {}

    std::pair<std::string, int> tensor(const WireField& entry, const char* what) const {
        WireReader reader(entry, what, where_);
        WireField field;
        std::string name;
        std::vector<uint64_t> dims;
        uint64_t type = 0, rawBytes = 0, listed = 0;
        uint32_t listField = 0;
        bool external = false;
        while (reader.next(field)) {
            const bool isList = field.number == 4 || field.number == 5 || field.number == 7 || field.number == 10;
            if (isList && listField != 0 && listField != field.number) {
                fail(format("%s: has data of two types", what));
            }
            switch (field.number) {
                case 1:
                    readDims(field, dims, what);
                    break;
                case 2:
                    type = wireInteger(field, "data_type", where_);
                    break;
                case 4:  // float_data
                    listed += countFixed(field, WireType::fixed32, 4, what);
                    listField = field.number;
                    break;
                case 5:  // int32_data
                case 7:  // int64_data
                    listed += countVarints(field, what, where_);
                    listField = field.number;
                    break;
                case 8:
                    name = wireText(field, "tensor name", maxOnnxNameBytes, where_);
                    break;
                case 9:
                    WireReader(field, "raw_data", where_);  // checks the wire type
                    rawBytes = field.size;
                    break;
                case 10:  // double_data
                    listed += countFixed(field, WireType::fixed64, 8, what);
                    listField = field.number;
                    break;
                case 13:
                    external = true;
                    break;
                case 14:
                    external = external || wireInteger(field, "data_location", where_) != 0;
                    break;
                default:
                    break;
            }
        }
        const std::string label = format("%s \"%s\"", what, name.c_str());
        if (external) {
            fail(label + ": has its data in another file, expected all data inside the model");
        }
        const Storage storage = storageOf(type);
        if (storage.bytes == 0) {
            fail(label + format(": got data type %llu, expected a float or signed integer type",
                                static_cast<unsigned long long>(type)));
        }
        uint64_t elements = 1;
        for (const uint64_t d : dims) {
            if (d > maxOnnxElements || (elements *= d) > maxOnnxElements) {
                fail(label + ": has negative or far too large dimensions");
            }
        }
        // The importer uses the list if there is one, else the raw bytes, and reads as many elements as the dimensions
        // say.
        const uint64_t have = listed > 0 ? listed : rawBytes / storage.bytes;
        const bool clean = listed > 0 ? rawBytes == 0 && listField == storage.field : rawBytes % storage.bytes == 0;
        if (have != elements || !clean) {
            fail(label + format(": holds %llu elements, expected %llu of data type %llu by its dimensions",
                                static_cast<unsigned long long>(have), static_cast<unsigned long long>(elements),
                                static_cast<unsigned long long>(type)));
        }
        return {name, static_cast<int>(dims.size())};
    }

private:
    [[noreturn]] void fail(const std::string& what) const {
        CV_Error(Error::StsParseError, format("%s: %s", where_.c_str(), what.c_str()));
    }

    void limitDims(const std::vector<uint64_t>& dims) const {
        if (dims.size() > maxOnnxDims) {
            fail(format("contains a tensor of more than %d dimensions", static_cast<int>(maxOnnxDims)));
        }
    }

    static uint64_t countVarints(const WireField& field, const char* what, const std::string& where) {
        if (field.type == WireType::varint) {
            return 1;
        }
        WireReader reader(field, what, where);
        uint64_t count = 0;
        for (; !reader.atEnd(); ++count) {
            reader.varint();
        }
        return count;
    }

    uint64_t countFixed(const WireField& field, WireType single, size_t size, const char* what) const {
        if (field.type != single) {
            WireReader(field, what, where_);  // else packed: checks the wire type
        }
        if (field.size % size != 0) {
            fail(format("%s: the size of its data is not a multiple of the element size", what));
        }
        return field.size / size;
    }

    void readDims(const WireField& field, std::vector<uint64_t>& dims, const char* what) const {
        if (field.type == WireType::varint) {
            dims.push_back(field.value);
            limitDims(dims);
            return;
        }
        for (WireReader packed(field, what, where_); !packed.atEnd();) {
            dims.push_back(packed.varint());
            limitDims(dims);
        }
    }

    const std::string& where_;
};

}  // namespace

std::pair<std::string, int> checkOnnxTensor(const WireField& tensor, const char* what, const std::string& where) {
    return TensorReader(where).tensor(tensor, what);
}

}  // namespace drgan
}  // namespace cv
