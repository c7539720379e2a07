#pragma once

#include "datasets/dataset.h"

/// The kinds of datasets, each defined in the file named after it. Used by registry.cpp only.
namespace hyena::datasets {

DatasetKind fashion_mnist_kind();  ///< mnist.cpp
DatasetKind mnist_kind();          ///< mnist.cpp
DatasetKind cifar10_kind();        ///< cifar.cpp
DatasetKind cifar100_kind();       ///< cifar.cpp
DatasetKind folder_kind();         ///< image_folder.cpp

}  // namespace hyena::datasets
