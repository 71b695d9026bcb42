import EPANNsPruning
import Testing
