import EPANNsTraining
import Testing
