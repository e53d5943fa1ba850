//! The only room that knows Python: conversion, errors, signals, fork and the interpreter lock.
