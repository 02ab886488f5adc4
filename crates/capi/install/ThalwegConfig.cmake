# Targets: Thalweg::thalweg, the shared library; Thalweg::static, the same to be linked statically.
get_filename_component(_thalweg_prefix "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)

if(NOT TARGET Thalweg::thalweg)
    add_library(Thalweg::thalweg SHARED IMPORTED)
    set_target_properties(Thalweg::thalweg PROPERTIES
        IMPORTED_LOCATION "${_thalweg_prefix}/lib/libthalweg.so.0"
        IMPORTED_SONAME "libthalweg.so.0"
        INTERFACE_INCLUDE_DIRECTORIES "${_thalweg_prefix}/include")

    add_library(Thalweg::static STATIC IMPORTED)
    set_target_properties(Thalweg::static PROPERTIES
        IMPORTED_LOCATION "${_thalweg_prefix}/lib/libthalweg.a"
        INTERFACE_INCLUDE_DIRECTORIES "${_thalweg_prefix}/include"
        INTERFACE_LINK_LIBRARIES "gcc_s;util;rt;pthread;m;dl")
endif()

set(Thalweg_FOUND TRUE)
unset(_thalweg_prefix)
